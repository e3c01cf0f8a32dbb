import { useId, type ComponentProps, type ReactNode } from "react";
import { classNames } from "./class_names";
import styles from "./field.module.css";

interface LabelledProps {
  label: string;
  hint?: ReactNode;
  required?: boolean;
}

function Frame({ id, label, hint, required, children }: LabelledProps & { id: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
        {required && <span className="visually-hidden"> (required)</span>}
      </label>
      {children}
      {hint && (
        <span className={styles.hint} id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

interface TextFieldProps extends LabelledProps, Omit<ComponentProps<"input">, "id" | "required"> {
  mono?: boolean;
}

export function TextField({ label, hint, required, mono, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} {...(required ? { required } : {})}>
      <input
        id={id}
        className={classNames(styles.control, mono && styles.mono)}
        aria-required={required}
        aria-describedby={hint ? `${id}-hint` : undefined}
        autoComplete="off"
        {...rest}
      />
    </Frame>
  );
}

interface AreaFieldProps extends LabelledProps, Omit<ComponentProps<"textarea">, "id" | "required"> {
  mono?: boolean;
  /** What is wrong with what stands there; said in place of the hint. */
  flaw?: string | undefined;
}

export function AreaField({ label, hint, required, mono, flaw, ...rest }: AreaFieldProps) {
  const id = useId();
  const words = flaw === undefined ? hint : <span role="status" className={styles.flaw}>{flaw}</span>;
  return (
    <Frame id={id} label={label} hint={words} {...(required ? { required } : {})}>
      <textarea
        id={id}
        className={classNames(styles.control, mono && styles.mono)}
        aria-required={required}
        aria-invalid={flaw !== undefined}
        aria-describedby={words ? `${id}-hint` : undefined}
        {...rest}
      />
    </Frame>
  );
}

interface SelectFieldProps extends LabelledProps, Omit<ComponentProps<"select">, "id" | "required"> {}

export function SelectField({ label, hint, required, ...rest }: SelectFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} {...(required ? { required } : {})}>
      <select id={id} className={styles.control} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
    </Frame>
  );
}

interface ChoiceFieldProps<T extends string | number> {
  legend: string;
  value: T;
  choices: { value: T; label: string; note?: string }[];
  onChange: (value: T) => void;
}

/** A radio group drawn as cards; arrow keys move within it as the browser provides. */
export function ChoiceField<T extends string | number>({ legend, value, choices, onChange }: ChoiceFieldProps<T>) {
  const name = useId();
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.label} style={{ marginBottom: 5, padding: 0 }}>
        {legend}
      </legend>
      {choices.map((choice) => (
        <label key={choice.value} className={styles.choice}>
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <strong>{choice.label}</strong>
          {choice.note && <small>{choice.note}</small>}
        </label>
      ))}
    </fieldset>
  );
}
