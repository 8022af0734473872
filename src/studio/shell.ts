/** The page, as long as it is not built: it says so. */
export const shell = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>coinage studio</title>
</head>
<body>
<main>
<h1>coinage studio</h1>
<p>The studio's server is running. Its page is not built yet: words cannot be taught here so far.</p>
<p>The command line can: <code>coinage train --help</code>. What the server answers is in docs/studio.md.</p>
</main>
</body>
</html>
`;
