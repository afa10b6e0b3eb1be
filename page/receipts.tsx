// Saves the socket's signed receipts as a file.

import { useState } from "preact/hooks";
import { allReceipts } from "./all-receipts";
import { Card } from "./parts";
import { Refusal, type Rpc } from "./rpc";
import { WayError } from "./way";

export function Receipts({ rpc }: { readonly rpc: Rpc }) {
  const [said, setSaid] = useState("");
  const save = async () => {
    try {
      const all = await allReceipts(rpc);
      if (all.receipts.length > 0) download("receipts.json", JSON.stringify(all, null, 1));
      setSaid(all.receipts.length > 0 ? `${all.receipts.length} receipts saved.` : "No receipt yet.");
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof WayError)) throw error;
      setSaid(`Not done: ${error.message}.`);
    }
  };
  return (
    <Card title="Receipts" wide>
      <p>
        The socket signs a receipt of each session (OCMF); it keeps the last twenty. This is no measurement in the sense
        of metering law.
      </p>
      <div class="bar">
        <button type="button" onClick={() => void save()}>
          Save the receipts
        </button>
        <span role="status" class="note">
          {said}
        </span>
      </div>
    </Card>
  );
}

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
