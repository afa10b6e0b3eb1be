// The form of the settings.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Device } from "../shared/settings/owner";
import { changesOf, type Field, fieldsOf } from "./form";
import { Badge, Card } from "./parts";
import { Refusal, type Rpc } from "./rpc";
import type { Change, Settings } from "./shapes";
import { WayError } from "./way";

export interface SettingsProps {
  readonly device: Device;
  readonly rpc: Rpc;
  readonly got: Settings;
  readonly onChanged: () => void;
}

interface Outcome {
  readonly text: string;
  readonly isError: boolean;
}

export function SettingsForm({ device, rpc, got, onChanged }: SettingsProps) {
  const fields = fieldsOf({ device, isSerial: rpc.way.isSerial, got });
  const [texts, setTexts] = useState<ReadonlyMap<string, string>>(new Map());
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const [outcome, setOutcome] = useState<Outcome>({ text: "", isError: false });
  const [busy, setBusy] = useState(false);
  const [opened, setOpened] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (wrong.size > 0) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [wrong]);

  const put = (name: string, text: string) => setTexts(new Map([...texts, [name, text]]));

  const send = async (changes: Readonly<Record<string, unknown>>) => {
    setBusy(true);
    try {
      const change = await rpc.call<Change>("settings.set", { settings: changes });
      setTexts(new Map([...texts].filter(([name]) => !change.changed.includes(name))));
      setWrong(new Map());
      setOutcome({ text: changeText(change), isError: false });
      onChanged();
    } catch (error) {
      setWrong(problemsOf(error));
      setOutcome({ text: `Nothing was changed: ${whyOf(error)}.`, isError: true });
    } finally {
      setBusy(false);
    }
  };

  const save = (event: Event) => {
    event.preventDefault();
    const { changes, problems } = changesOf(device, fields, texts);
    setWrong(problems);
    if (problems.size > 0) setOutcome({ text: "Nothing was sent: see what is marked.", isError: true });
    else if (Object.keys(changes).length === 0) setOutcome({ text: "Nothing is changed.", isError: false });
    else void send(changes);
  };

  const open = fields.filter(({ why }) => why === undefined);
  const rest = open.filter(({ isMain }) => !isMain);
  const shut = fields.filter(({ why }) => why !== undefined);
  const control = (field: Field) => (
    <Control
      key={field.name}
      field={field}
      text={texts.get(field.name) ?? field.text}
      wrong={wrong.get(field.name)}
      onText={(text) => put(field.name, text)}
      onDefault={() => void send({ [field.name]: null })}
    />
  );
  return (
    <Card title="Settings" wide>
      {got.refused.length > 0 && <RefusedList refused={got.refused} />}
      {open.length > 0 && (
        <form ref={form} onSubmit={save} noValidate>
          <div class="fields">{open.filter(({ isMain }) => isMain).map(control)}</div>
          <details
            open={opened || rest.some(({ name }) => wrong.has(name))}
            onToggle={(event) => setOpened(event.currentTarget.open)}
          >
            <summary>More settings ({rest.length})</summary>
            <div class="fields">{rest.map(control)}</div>
          </details>
          <div class="bar">
            <button type="submit" class="main" disabled={busy}>
              Save
            </button>
            <p class={outcome.isError ? "error" : "note"} role={outcome.isError ? "alert" : "status"}>
              {outcome.text}
            </p>
          </div>
        </form>
      )}
      {shut.length > 0 && <SerialOnly device={device} fields={shut} />}
    </Card>
  );
}

interface ControlProps {
  readonly field: Field;
  readonly text: string;
  readonly wrong: string | undefined;
  readonly onText: (text: string) => void;
  readonly onDefault: () => void;
}

function Control({ field, text, wrong, onText, onDefault }: ControlProps) {
  const { name, entry, hints, isOwn, isWaiting } = field;
  const id = `set-${name}`;
  const described = {
    id,
    "aria-describedby": `${id}-hint${wrong === undefined ? "" : ` ${id}-wrong`}`,
    "aria-invalid": wrong !== undefined,
  };
  return (
    <div class="field">
      <label for={id}>
        {name}
        {entry.unit !== undefined && <span class="unit"> in {entry.unit}</span>}
      </label>
      <div class="bar">
        {field.control === "choice" ? (
          <select {...described} value={text} onChange={(event) => onText(event.currentTarget.value)}>
            {field.choices.map((choice) => (
              <option key={choice.text} value={choice.text}>
                {choice.text}
              </option>
            ))}
          </select>
        ) : (
          <TextInput field={field} described={described} text={text} onText={onText} />
        )}
        {isOwn && (
          <button type="button" onClick={onDefault} aria-label={`Default of ${name}`}>
            Default
          </button>
        )}
      </div>
      {wrong !== undefined && (
        <p class="error" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
      <p class="note" id={`${id}-hint`}>
        {entry.meaning} {hints.join(" ")}
        {isWaiting && <strong> Waits for a restart.</strong>}
      </p>
    </div>
  );
}

interface TextInputProps extends Pick<ControlProps, "field" | "text" | "onText"> {
  readonly described: { readonly id: string };
}

function TextInput({ field: { control }, described, text, onText }: TextInputProps) {
  const common = {
    ...described,
    value: text,
    autoCapitalize: "off",
    spellcheck: false,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onText(event.currentTarget.value),
  } as const;
  if (control === "secret") return <input {...common} type="password" autoComplete="new-password" />;
  const inputMode = control === "number" ? "numeric" : "text";
  return <input {...common} readOnly={control === "shown"} inputMode={inputMode} autoComplete="off" />;
}

function SerialOnly({ device, fields }: { readonly device: Device; readonly fields: readonly Field[] }) {
  return (
    <details>
      <summary>Set over the serial port only ({fields.length})</summary>
      <p class="note">
        {device === "cable"
          ? "What a cable may spend is decided with a wire in the hand, since somebody on the link could change it."
          : "Whatever decides where money goes, or who rules, is set with a wire in the hand, since somebody on the link could change it."}{" "}
        Connect the device by USB and use <code>npm run owner -- --port PORT set NAME VALUE</code>.
      </p>
      <dl class="facts shut">
        {fields.map(({ name, text, entry, hints, why, isWaiting }) => (
          <div class="fact" key={name}>
            <dt>
              {name} <Badge tone="quiet">serial only</Badge>
            </dt>
            <dd>
              <code>{text === "" ? "empty" : text}</code> {entry.unit}
              {isWaiting && <strong> Waits for a restart.</strong>}
              <span class="note">
                {entry.meaning} {hints.join(" ")} Why: {why}.
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function RefusedList({ refused }: { readonly refused: Settings["refused"] }) {
  return (
    <div class="error" role="alert">
      <p>This version does not take these settings any more:</p>
      <ul>
        {refused.map(({ name, why }) => (
          <li key={name}>
            {name}: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}

function changeText({ changed, session, restart }: Change): string {
  const parts = [
    `Saved: ${changed.join(", ")}.`,
    ...(session.length > 0 ? [`From the next session on: ${session.join(", ")}.`] : []),
    ...(restart.length > 0 ? [`After a restart: ${restart.join(", ")}.`] : []),
  ];
  return parts.join(" ");
}

function problemsOf(error: unknown): ReadonlyMap<string, string> {
  return new Map(error instanceof Refusal ? error.problems.map(({ name, why }) => [name, why]) : []);
}

function whyOf(error: unknown): string {
  return error instanceof Refusal || error instanceof WayError ? error.message : String(error);
}
