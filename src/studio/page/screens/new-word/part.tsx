import type { ComponentChildren } from "preact";

/** A numbered part of the screen with its heading. name: prefix of its ids. */
export function Part({
  name,
  number,
  title,
  help,
  children,
}: {
  name: string;
  number: number;
  title: string;
  help?: string;
  children: ComponentChildren;
}) {
  return (
    <section class="part" aria-labelledby={`${name}-title`}>
      <header>
        <h2 id={`${name}-title`}>
          <span class="number">{number}</span>
          {title}
        </h2>
        {help !== undefined && <p>{help}</p>}
      </header>
      {children}
    </section>
  );
}
