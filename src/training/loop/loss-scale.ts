/** A loss scale as a training state saves it. */
export interface LossScaleState {
  readonly value: number;
  /** Steps since its last change. */
  readonly finiteSteps: number;
}

const [initialValue, growthInterval] = [2 ** 16, 2000];

/** The factor of the loss that keeps small gradients from vanishing in float16: halved when a gradient overflows, doubled after 2000 steps without overflow.
 *  A power of two, so multiplying and dividing by it is exact. Source: PyTorch's GradScaler. */
export class LossScale {
  #state: LossScaleState;

  constructor(state: LossScaleState = { value: initialValue, finiteSteps: 0 }) {
    this.#state = state;
  }

  get value(): number {
    return this.#state.value;
  }

  /** Call after every optimizer step. */
  update(wasFinite: boolean): void {
    const { value, finiteSteps } = this.#state;
    if (!wasFinite) this.#state = { value: value / 2, finiteSteps: 0 };
    else if (finiteSteps + 1 === growthInterval) this.#state = { value: 2 * value, finiteSteps: 0 };
    else this.#state = { value, finiteSteps: finiteSteps + 1 };
  }

  state(): LossScaleState {
    return this.#state;
  }
}
