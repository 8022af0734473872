/** A wait that `wake` ends early, whether called before it or during it. */
export class Wake {
  #isWoken = false;
  #end: (() => void) | undefined;

  readonly wake = (): void => {
    this.#isWoken = true;
    this.#end?.();
  };

  async wait(ms: number): Promise<void> {
    if (!this.#isWoken)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#end = undefined;
    this.#isWoken = false;
  }
}
