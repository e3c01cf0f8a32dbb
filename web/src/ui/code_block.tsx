import { createContext, isValidElement, useContext, type ComponentProps, type ReactNode } from "react";
import type { ExtraProps } from "react-markdown";
import { CopyButton } from "./copy_button";
import styles from "./markdown.module.css";

/** The text that is formatted, where it is only the beginning of one. */
export const CutText = createContext<string | undefined>(undefined);

/** Code as it was written, to be copied without anything around it. */
export function CodeBlock({ children, node }: ComponentProps<"pre"> & ExtraProps) {
  const cut = useContext(CutText);
  const code = codeIn(children);
  // What ends where the text was cut is not the whole of it; that is in the message.
  const whole = cut === undefined || isWhole(cut, node?.position?.start.offset ?? 0, node?.position?.end.offset ?? cut.length);
  return (
    <div className={styles.code}>
      <pre tabIndex={0} role="group" aria-label="Code">
        {children}
      </pre>
      {whole && code !== "" && (
        <span className={styles.copy}>
          <CopyButton text={code} what="code" />
        </span>
      )}
    </div>
  );
}

/** Whether code ends before the cut, or with a fence right there. */
function isWhole(text: string, start: number, end: number): boolean {
  if (end < text.trimEnd().length) return true;
  const [, fence] = /^\s*(`{3,}|~{3,})/.exec(text.slice(start, end)) ?? [];
  return fence !== undefined && new RegExp(`\\n[ >\\t]*${fence}[\`~]*\\s*$`).test(text.slice(start, end));
}

function codeIn(children: ReactNode): string {
  if (typeof children === "string") return children.replace(/\n$/, "");
  if (Array.isArray(children)) return children.map(codeIn).join("");
  return isValidElement<{ children?: ReactNode }>(children) ? codeIn(children.props.children) : "";
}
