/** The benchmark named after `npm run bench --`: how well words are learned, which timesteps carry them, what evaluations cost, what the studio costs, what sharing a run costs and gains; by default speed and memory. */
const [name, part] = process.argv.slice(2);
if (name === "learning" && part === "timesteps") await import("./learning/timesteps.ts");
else if (name === "learning" && part === "monitor") await import("./learning/monitor.ts");
else if (name === "learning") await import("./learning/main.ts");
else if (name === "cluster") await import("./cluster/main.ts");
else if (name === "studio") await import("./studio/main.ts");
else await import("./speed.ts");

export {};
