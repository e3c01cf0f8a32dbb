import { useEffect, useState, type ComponentProps, type ReactNode } from "react";
import { classNames } from "./class_names";
import styles from "./button.module.css";

interface ButtonProps extends ComponentProps<"button"> {
  tone?: "plain" | "primary" | "danger" | "danger_quiet" | "ghost";
  large?: boolean;
}

export function Button({ tone = "plain", large, className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classNames(styles.button, tone !== "plain" && styles[tone], large && styles.large, className)}
      {...rest}
    />
  );
}

/** So long a button that has just appeared where another one was takes no press. */
const heldMs = 1000;

/** For what cannot be taken back: a second press of the button before it does nothing here. */
export function HeldButton(props: ButtonProps) {
  const [held, setHeld] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setHeld(false), heldMs);
    return () => clearTimeout(timer);
  }, []);
  return <Button {...props} disabled={held || props.disabled} />;
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  /** Names the button for everyone; also its tooltip. */
  label: string;
  children: ReactNode;
  small?: boolean;
}

export function IconButton({ label, children, small, className, type = "button", title, ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={title ?? label}
      className={classNames(styles.button, styles.icon, small && styles.small, className)}
      {...rest}
    >
      {children}
    </button>
  );
}
