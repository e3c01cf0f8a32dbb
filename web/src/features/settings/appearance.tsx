import { ChoiceField } from "@/ui/field";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { setTheme, useTheme, type Theme } from "@/ui/theme";

const themes: { value: Theme; label: string; note: string }[] = [
  { value: "light", label: "Light", note: "Warm paper" },
  { value: "system", label: "System", note: "As this device has it" },
  { value: "dark", label: "Dark", note: "For dim rooms" },
];

export function Appearance() {
  const theme = useTheme();
  return (
    <Section title="Appearance">
      <ChoiceField legend="Theme" value={theme} onChange={setTheme} choices={themes} />
      <p className={list.muted}>Kept in this browser. Motion follows the device: where it asks for less, nothing here moves.</p>
    </Section>
  );
}
