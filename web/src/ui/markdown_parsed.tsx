import { useLayoutEffect } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

const plugins = [remarkGfm];

// Pictures would load from wherever an agent says, telling that server who reads; they become links.
const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noreferrer noopener">
      {alt || "picture"}
    </a>
  ),
};

export default function MarkdownParsed({ text, onFormatted }: { text: string; onFormatted?: (() => void) | undefined }) {
  useLayoutEffect(() => onFormatted?.(), [text, onFormatted]);
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
}
