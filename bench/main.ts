/** `npm run bench -- learning` measures how well words are learned (learning/main.ts), everything else how fast and in how much memory (speed.ts). */
if (process.argv[2] === "learning") await import("./learning/main.ts");
else await import("./speed.ts");

export {};
