import { type Html, html } from "./html.ts";
import { reportStyle } from "./style.ts";

/** A file of HTML that needs no script, no network and no other file, and may have none. mark: what says of which data the page is. */
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
