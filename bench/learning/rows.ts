import { toldInWords } from "./trial.ts";

const held = "--norm_control fixed --norm_target 1.9x --lr_scheduler cosine";
const high = `${held} --timestep_sampling stratified --min_timestep 600`;

const turned =
  "--max_train_steps 75 --update direction --norm_target 1.9x --lr_scheduler cosine --timestep_sampling stratified --min_timestep 600 --step_angle 0.15";

/** The settings compared in docs/learning.md, as flags of `coinage train`. */
export const rows: Readonly<Record<string, string>> = {
  words: toldInWords,
  quick: "--recipe quick",
  quick40: "--recipe quick --max_train_steps 40",
  object: "--recipe object --keep both",
  object75: "--recipe object --max_train_steps 75",
  object150: "--recipe object --max_train_steps 150 --step_angle 0.08",
  // early stopping: at a constant rate, with as many evaluations as a run of a large model has
  stopping:
    "--recipe object --max_train_steps 200 --step_angle 0.1 --lr_scheduler constant --eval_every_n_steps 5 --early_stop --keep both",
  stoppingLong: "--recipe object --max_train_steps 300 --eval_every_n_steps 15 --early_stop --keep both",
  // as today's trainers do it, and the same at high timesteps
  plain: "--learning_rate 1e-2 --max_train_steps 60",
  plainHigh: "--learning_rate 1e-2 --max_train_steps 75 --min_timestep 600",
  // how vectors are updated
  held: `--max_train_steps 75 ${high} --step_angle 0.15`,
  direction: `${turned} --prior_pull 0`,
  directionPull: `${turned} --prior_pull auto`,
  directionMomentum: `${turned} --prior_pull 0 --direction_momentum 0.9`,
  averaged: `--max_train_steps 75 ${high} --step_angle 0.15 --row_average 0.9 --keep both`,
  output:
    "--max_train_steps 75 --init output --learning_rate 1e-2 --lr_scheduler cosine --timestep_sampling stratified --min_timestep 600",
  outputDirection: `${turned} --prior_pull 0 --init output`,
  wordLength: `--max_train_steps 75 ${high} --norm_target vocab --step_angle 0.15`,
  // which timesteps
  allTimesteps: `--max_train_steps 75 ${held} --timestep_sampling stratified --step_angle 0.15`,
  independent: `--max_train_steps 75 ${held} --min_timestep 600 --step_angle 0.15`,
  highest: `--max_train_steps 75 ${high} --min_timestep 800 --step_angle 0.15`,
  // vectors and start words
  oneVector: `--max_train_steps 75 ${high} --step_angle 0.15 --num_vectors_per_token 1`,
  fourVectors: `--max_train_steps 75 ${high} --step_angle 0.15 --num_vectors_per_token 4`,
  wrongWord: `--max_train_steps 75 ${high} --step_angle 0.15 --init_word thing`,
};
