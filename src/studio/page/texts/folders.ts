export const folders = {
  root: "Begin at",
  inside: (folder: string) => `Folders in ${folder}`,
  up: "One up",
  none: "There are no folders in it.",
  elsewhere: "Folders elsewhere are listed once the studio is started with --root FOLDER.",
  cut: "There are more folders than are listed.",
  noPictures: "There are no pictures in this folder itself.",
  take: "Take this folder",
};
