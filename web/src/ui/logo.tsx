/** Three filled nodes joined to a small ring, in the colour of the text around it. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" strokeWidth="2">
        <path d="M16 12.5V8M13.2 18.2l-4.4 3.6M18.8 18.2l4.4 3.6" />
        <circle cx="16" cy="16" r="3.4" />
      </g>
      <g fill="currentColor">
        <circle cx="16" cy="6" r="3.6" />
        <circle cx="7" cy="23.4" r="3.6" />
        <circle cx="25" cy="23.4" r="3.6" />
      </g>
    </svg>
  );
}
