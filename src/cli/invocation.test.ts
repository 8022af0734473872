import { describe, expect, test } from "vitest";
import { readInvocation } from "./invocation.ts";

describe("a command line", () => {
  test.each([
    ["train --seed 1", "train", "--seed 1"],
    ["generate --ckpt m", "generate", "--ckpt m"],
    ["inspect a.py b", "inspect", "a.py b"],
    ["train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["sdxl_train_textual_inversion --seed 1", "train", "--seed 1"],
    ["train train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["accelerate launch --num_cpu_threads_per_process 1 train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["train accelerate launch ./sd-scripts/sdxl_train_textual_inversion.py --seed 1", "train", "--seed 1"],
    ["train_textual_inversion_XTI --seed 1", "train", "--xti --seed 1"],
    ["train accelerate launch train_textual_inversion_XTI.py --seed 1", "train", "--xti --seed 1"],
    ["plan train_textual_inversion_XTI.py --seed 1", "plan", "--xti --seed 1"],
    ["plan --seed 1 --json", "plan", "--seed 1 --json"],
    ["python3 sd-scripts\\gen_img.py --ckpt m", "generate", "--ckpt m"],
  ])("%s", (line, command, words) => {
    expect(readInvocation(line.split(" "))).toEqual({ command, words: words.split(" ") });
  });

  const words = ["--token_string", "mycat"];

  test.each([
    [["D:\\kohya_ss\\venv\\Scripts\\accelerate.EXE", "launch", "--dynamo_backend", "no", "--multi_gpu"]],
    [["/home/u/kohya_ss/venv/bin/accelerate", "launch", "--num_cpu_threads_per_process=2"]],
    [["C:\\Program", "Files\\kohya_ss\\venv\\Scripts\\accelerate.exe", "launch"]],
    [["'/opt/kohya", "ss/venv/bin/accelerate'", "launch"]],
    [["accelerate", "launch", "--config_file", "C:/a b/gpu.yaml", "--gpu_ids", "0,1"]],
    [["accelerate-launch"]],
    [["python", "-m", "accelerate.commands.launch", "--num_processes", "1"]],
    [["venv\\Scripts\\python.exe"]],
    [["./venv/bin/python3.10", "-u"]],
    [["py", "-3"]],
    [["PY.EXE", "-3.10"]],
    [["uv", "run", "--with", "xformers"]],
    [["conda", "run", "-n", "kohya", "python"]],
    [["CUDA_VISIBLE_DEVICES=0", "PYTHONPATH=.", "accelerate", "launch", "\\"]],
    [["CUDA_VISIBLE_DEVICES=0"]],
    [["nohup", "python"]],
    [["!accelerate", "launch"]],
    [["D:kohya_ssvenvScriptsaccelerate.EXE", "launch"]],
    [["cd", "sd-scripts", "&&", "python"]],
    [[]],
  ])("of sd-scripts may begin with %j", (start) => {
    const scripts = [
      ["train_textual_inversion.py"],
      ["./train_textual_inversion.py"],
      ["D:\\kohya_ss\\sd-scripts\\train_textual_inversion.py"],
      ["/home/my things/train_textual_inversion.py"],
      ["'D:/my", "things/train_textual_inversion.py'"],
    ];
    // without a launcher, spaces in the program's path need quotes
    const isStarted = start.some((word) => !word.includes("="));
    for (const script of isStarted ? scripts : scripts.slice(0, 4)) {
      for (const command of ["train", "plan"] as const)
        expect(readInvocation([command, ...start, ...script, ...words])).toEqual({ command, words });
      expect(readInvocation([...start, ...script, ...words])).toEqual({ command: "train", words });
    }
  });

  test.each([
    [
      "bash",
      "CUDA_VISIBLE_DEVICES=0 accelerate launch \\\n  --num_processes 1 \\\n  '/my sd/train_textual_inversion.py' \\\n",
    ],
    ["cmd.exe", '"C:\\Program Files\\accelerate.exe" launch ^\r\n  "D:\\my sd\\train_textual_inversion.py" ^\r\n'],
    ["PowerShell", "$env:X = '1'; & \"C:\\my sd\\python.exe\" `\n D:\\sd\\train_textual_inversion.py `  \n"],
  ])("of sd-scripts may be one text as %s takes it", (_, start) => {
    const text = `${start} --output_dir "D:\\my out\\" --token_string=mycat --optimizer_args "a=\\"b\\"" 'c d' --init_word my\\ cat\n`;
    const split = [
      ...["--output_dir", "D:\\my out\\", "--token_string=mycat"],
      ...["--optimizer_args", 'a="b"', "c d", "--init_word", "my cat"],
    ];
    expect(readInvocation([text])).toEqual({ command: "train", words: split });
    expect(readInvocation(["plan", text, "--json"])).toEqual({ command: "plan", words: [...split, "--json"] });
  });

  test.each([
    ...["&& pause", "; echo done", ";", "&", "2>&1 | tee log.txt", ">log.txt", "> log.txt 2>&1", "< /dev/null"],
    ...["# the second try", "|| exit 1", "\n# the second try"],
  ])("of sd-scripts ends where its shell ends it, in one text: %j", (end) => {
    const [quoted, signs] = ['--training_comment "a; b && c | d > e # f"', "--output_name a#b"];
    const text = `cd /d D:\\sd && accelerate launch train_textual_inversion.py ${signs} ${quoted} --token_string mycat${end[0] === ";" ? "" : " "}${end}`;
    const split = ["--output_name", "a#b", "--training_comment", "a; b && c | d > e # f", ...words];
    expect(readInvocation([text])).toEqual({ command: "train", words: split });
  });

  test("of sd-scripts may keep quotes that its shell did not remove; those around a phrase are intended", () => {
    const pasted = [
      "gen_img.py",
      "--ckpt='m.safetensors'",
      "--outdir",
      '"out"',
      "--negative_prompt=“blurry”",
      "--prompt",
      "\"a cat\", says the 'cat'",
    ];
    expect(readInvocation(pasted).words).toEqual([
      ...[
        "--ckpt=m.safetensors",
        "--outdir",
        "out",
        "--negative_prompt=blurry",
        "--prompt",
        "\"a cat\", says the 'cat'",
      ],
    ]);
  });

  test("of sd-scripts is looked for at the start only", () => {
    for (const line of [
      ["train", "--init_word", "gen_img.py", "--prompt", "python gen_img.py"],
      ["generate", "--prompt", "accelerate launch gen_img.py"],
      ["inspect", "python", "gen_img.py"],
    ] as const)
      expect(readInvocation(line)).toEqual({ command: line[0], words: line.slice(1) });
  });

  test("of sd-scripts that was cut says so", () => {
    for (const line of [["accelerate", "launch", "^"], ["train", "C:\\a\\python.exe"], ["train accelerate launch"]])
      expect(() => readInvocation(line)).toThrow(
        expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("one line") }),
      );
  });

  test.each([
    ["trian", "Did you mean train?"],
    ["train_network.py", undefined],
    ["constructor", undefined],
    ["__proto__ --seed 1", undefined],
    ["python train_network.py", undefined],
    ["C:\\py\\python.exe 'train_network.py'", undefined],
  ])("may be wrong: %s", (line, hint) => {
    const details = hint ? { code: "USAGE", hint } : { code: "USAGE" };
    expect(() => readInvocation(line.split(" "))).toThrow(expect.objectContaining(details));
  });
});
