import { describe, expect, test } from "vitest";
import { readDuration } from "../option-values.ts";
import { checkTrainSettings, withDefaults } from "./check.ts";
import { flagValues, parseTrainArguments } from "./request.ts";

const needed = "--pretrained_model_name_or_path m --token_string mycat --output_dir out --dataset_config d.toml".split(
  " ",
);
const check = (line: string) =>
  checkTrainSettings(parseTrainArguments([...needed, ...line.split(" ").filter(Boolean)]));
const warned = (line: string): string[] => check(line).warnings.map(({ option }) => option);

describe("what contradicts itself is refused, with what to change", () => {
  test.each([
    ["--recipe style --use_object_template", "use_object_template", "--recipe object"],
    ["--recipe object --use_style_template", "use_style_template", "--recipe style"],
    ["--recipe likeness --use_style_template", "use_style_template", "--recipe style"],
    ["--time 30m", "time", "Add --recipe auto"],
    ["--recipe auto --time soon", "time", "1h30m"],
    ["--recipe auto --time 0s", "time", "1h30m"],
    ["--recipe auto --time 30m --max_train_steps 100", "max_train_steps", "one of them"],
    ["--recipe auto --time 30m --max_train_epochs 2", "max_train_epochs", "one of them"],
    ["--step_angle 0", "step_angle", "above 0"],
    ["--step_angle 1.6", "step_angle", "at most 1.5"],
    ["--step_angle 0.04 --learning_rate 1e-3", "learning_rate", "one of them"],
    ["--update direction --learning_rate 1e-3", "learning_rate", "--step_angle"],
    ["--update direction --optimizer_type AdamW", "optimizer_type", "--update optimizer"],
    ["--update direction --use_lion_optimizer", "use_lion_optimizer", "--update optimizer"],
    ["--update direction --optimizer_args weight_decay=0.1", "optimizer_args", "--update optimizer"],
    ["--update direction --norm_control fixed", "norm_control", "--norm_target"],
    ["--init output --init_word cat --norm_control std", "norm_control", "--update direction"],
    ["--init output", "init_word", "Add --init_word"],
    ["--norm_control fixed --norm_target vocabulary", "norm_target", "vocab, init, a number"],
    ["--norm_control fixed --norm_target 0", "norm_target", "above 0"],
    ["--norm_control fixed --norm_target 0x", "norm_target", "1.5x"],
    ["--update direction --prior_pull strong", "prior_pull", "auto or a number"],
    ["--update direction --prior_pull=-1", "prior_pull", "from 0 on"],
    ["--update direction --direction_momentum 1", "direction_momentum", "below 1"],
    ["--row_average 1", "row_average", "below 1"],
  ])("%s", (line, option, hint) => {
    expect(() => check(line)).toThrow(
      expect.objectContaining({
        code: "SETTINGS_CONFLICT",
        where: expect.stringContaining(`--${option}`),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test("but the settings of a recipe contradict nothing that was given", () => {
    const { settings } = check("--recipe quick --update direction");
    expect(
      withDefaults(settings, flagValues(["--optimizer_type", "AdamW", "--step_angle", "0.1"])).settings,
    ).toMatchObject({ update: "direction", stepAngle: 0.1 });
  });

  test.each([
    "--recipe quick --use_style_template",
    "--recipe auto --time 30m",
    "--step_angle 1.5 --optimizer_type Lion",
    "--update direction --prior_pull auto --direction_momentum 0.9 --norm_target init",
    "--init output --init_word cat --update direction --init_reg 1e-5",
    "--norm_control fixed --norm_target 1.9x",
    "--norm_control decay --norm_target 0.4 --row_average 0.98 --keep both",
    "--early_stop --max_train_steps 141 --eval_every_n_steps 20",
    // the recipe sets --keep best
    "--recipe object --row_average 0.98 --hold_out 1",
  ])("and %s is right", (line) => {
    expect(warned(line)).toEqual([]);
  });
});

describe("what does nothing, or not what it says, is warned of", () => {
  test.each([
    ["--prior_pull auto", "prior_pull"],
    ["--direction_momentum 0.9", "direction_momentum"],
    ["--norm_target init", "norm_target"],
    ["--norm_control fixed --norm_target 2", "norm_target"],
    ["--norm_control fixed --norm_target 4x", "norm_target"],
    ["--row_average 0.98", "row_average"],
    ["--hold_out 1", "hold_out"],
    ["--recipe object --keep last --hold_out 1", "hold_out"],
    ["--init output --weights a.pt", "init"],
    ["--early_stop --max_train_steps 70", "early_stop"],
    ["--eval_every_n_steps 50 --max_train_steps 40", "eval_every_n_steps"],
  ])("%s", (line, option) => {
    expect(warned(line)).toEqual([option]);
  });
});

test("a time is hours, minutes and seconds", () => {
  const seconds = Object.entries({
    "30m": 1800,
    "2h": 7200,
    "90s": 90,
    "1h30m": 5400,
    "1.5h": 5400,
    "45": 45,
    "2 h 5 min": 7500,
  });
  for (const [text, value] of seconds) expect(readDuration(text), text).toBe(value);
  for (const text of ["", " ", "m", "30x", "-5m", "1m2h", "1:30"]) expect(readDuration(text), text).toBeUndefined();
});
