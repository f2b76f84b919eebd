// The order of test files: whole stages take minutes, so they begin first, and no worker is left alone with one at the end.
// Jest itself goes by the size of a file where it has no times of an earlier run.
const { default: Sequencer } = require("@jest/test-sequencer");

/** By how long they take; the rest follows in Jest's own order. */
const LONGEST = ["test/stages/sample", "test/stages/", "test/stacks/app/web-acl"];
const rank = ({ path }) => {
  const found = LONGEST.findIndex((part) => path.includes(part));
  return found === -1 ? LONGEST.length : found;
};

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
