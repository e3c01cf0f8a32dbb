import { useLayoutEffect } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeBlock, CutText } from "./code_block";

const plugins = [remarkGfm];

// Pictures would load from wherever an agent says, telling that server who reads; they become links.
const components: Components = {
  pre: CodeBlock,
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

interface MarkdownParsedProps {
  text: string;
  /** It is the beginning of a longer text. */
  cut?: boolean;
  onFormatted?: (() => void) | undefined;
}

export default function MarkdownParsed({ text, cut = false, onFormatted }: MarkdownParsedProps) {
  useLayoutEffect(() => onFormatted?.(), [text, onFormatted]);
  return (
    <CutText value={cut ? text : undefined}>
      <ReactMarkdown remarkPlugins={plugins} components={components}>
        {text}
      </ReactMarkdown>
    </CutText>
  );
}
