// Stands in for "mc/config": what the manifest and mcconfig's command line put there, here from the
// scenario.

import { call } from "./host";

export default call("config").value as Record<string, unknown>;
