import { type Html, html } from "./html.ts";
import { reportStyle } from "./style.ts";

/** An HTML file that neither needs nor may use scripts, network or other files. mark: element that identifies its data. */
export function pageFile(title: string, body: Html, mark?: Html): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
${mark}<title>${title}</title>
<style>${reportStyle}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.text;
}
