/** Settings that are compared, as flags of `coinage train`. */
export const rows: Readonly<Record<string, string>> = {
  plain60: "--learning_rate 1e-2 --max_train_steps 60",
};
