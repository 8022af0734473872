import { expect, test } from "vitest";
import { picturesAmong } from "./dropped-files.ts";

const file = (name: string, text = "x", type = "") => ({
  name,
  file: new File([text], name.split("/").at(-1)!, { type }),
});

test("pictures come with the text beside them, and other files are counted", async () => {
  const files = [
    file("cats/a.jpg"),
    file("cats/a.txt", "a mycat\nmore"),
    file("cats/b.PNG"),
    file("cats/IMG_4.HEIC"),
    file("cats/.DS_Store"),
    file("cats/notes.pdf"),
    file("cats/lonely.txt", "text"),
    file("photo", "x", "image/jpeg"),
  ];
  const { pictures, ignored } = await picturesAmong(files, { isChosen: false });
  expect(pictures.map(({ name, caption }) => [name, caption])).toEqual([
    ["cats/a.jpg", "a mycat"],
    ["cats/b.PNG", undefined],
    ["cats/IMG_4.HEIC", undefined],
    ["photo", undefined],
  ]);
  expect(ignored).toBe(1);
});

test("what was chosen one by one is sent whatever it is called, so that the studio says what it thinks of it", async () => {
  const { pictures } = await picturesAmong([file("notes.pdf")], { isChosen: true });
  expect(pictures.map(({ name }) => name)).toEqual(["notes.pdf"]);
});
