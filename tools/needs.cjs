// Says in one sentence what this computer lacks, before a command fails in a way of its own.
//
//   node tools/needs.cjs [python3]
//
// Old JavaScript on purpose: the Node that is too old has to read it.

var LEAST_NODE = 20;

/** What is wrong with this Node, or undefined. */
function nodeProblem(version) {
  if (parseInt(version.replace("v", ""), 10) >= LEAST_NODE) return undefined;
  return (
    "plugpay: expected Node " +
    LEAST_NODE +
    " or later, came " +
    version +
    ": take it from https://nodejs.org/en/download or https://github.com/nodesource/distributions, then run npm ci"
  );
}

/**
 * What is wrong with python3, or undefined. `run` is child_process's spawnSync; `named` is what
 * node-gyp is told to take.
 */
function pythonProblem(run, named) {
  var name = named || "python3";
  if (run(name, ["--version"]).status === 0) return undefined;
  return (
    "plugpay: expected Python 3, with which node-gyp builds packages, but " +
    name +
    " does not run: apt-get install python3, then run npm ci"
  );
}

function check(words) {
  var wrong = nodeProblem(process.version);
  if (!wrong && words.indexOf("python3") >= 0)
    wrong = pythonProblem(require("node:child_process").spawnSync, process.env.npm_config_python || process.env.PYTHON);
  if (!wrong) return;
  console.error(wrong);
  process.exit(1);
}

if (require.main === module) check(process.argv.slice(2));
module.exports = { nodeProblem: nodeProblem, pythonProblem: pythonProblem };
