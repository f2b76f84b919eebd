// The end of every execution: terminates what it finds, and looks again until it is gone.
import { EXECUTION_TAG, EXPIRES_TAG, MAX_MAINTENANCE_HOURS } from "../../../config";
import { inState, ofStage, type State, task, whatever, whatIsLeft } from "./states";

/** Every state but `terminated`. */
const NOT_GONE = ["pending", "running", "stopping", "stopped", "shutting-down"];
const LOOK_SECONDS = 15;
/** Looks until an instance must be gone: an hour, in which the removal is tried again and again. */
const REMOVAL_LOOKS = 240;

/** When a server's time is over: as its tag says; one whose tag was taken away or spoilt has run for as long as any may. */
const EXPIRY = [
  `$tag := Tags[Key = '${EXPIRES_TAG}'].Value`,
  `$contains($tag, /^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z$/) ? $toMillis($tag) : $toMillis(LaunchTime) + ${MAX_MAINTENANCE_HOURS} * 3600000`,
].join("; ");

export const removal = (prefix: string): Record<string, State> => ({
  FindExpired: task("ec2:describeInstances", {
    Arguments: { Filters: whatIsLeft(prefix) },
    Assign: {
      expired: `{% [$states.result.Reservations.Instances[(${EXPIRY}) < $millis()].InstanceId] %}`,
      failure: "",
      removals: 0,
    },
    Next: "AnyExpired",
    // Nothing is known to remove; the next sweep comes.
    Catch: whatever("Failed"),
  }),
  AnyExpired: {
    Type: "Choice",
    Choices: [
      {
        Condition: "{% $count($expired) > 0 %}",
        Assign: { own: { Name: "instance-id", Values: "{% $expired %}" }, left: "{% $expired %}" },
        Next: "FindLeft",
      },
    ],
    Default: "Done",
  },
  // By its tag and not by the id: after a launch whose answer was lost there is none.
  FindOwn: {
    Type: "Pass",
    Assign: {
      own: { Name: `tag:${EXECUTION_TAG}`, Values: ["{% $states.context.Execution.Name %}"] },
      left: [],
      removals: 0,
    },
    Next: "FindLeft",
  },
  FindLeft: task("ec2:describeInstances", {
    Arguments: { Filters: [ofStage(prefix), inState(NOT_GONE), "{% $own %}"] },
    Assign: {
      left: "{% [$states.result.Reservations.Instances.InstanceId] %}",
      removals: "{% $removals + 1 %}",
    },
    Next: "IsGone",
    Catch: whatever("NotRemoved"),
  }),
  IsGone: {
    Type: "Choice",
    Choices: [
      { Condition: "{% $count($left) = 0 and $failure = '' %}", Next: "Done" },
      { Condition: "{% $count($left) = 0 %}", Next: "Failed" },
      { Condition: `{% $removals <= ${REMOVAL_LOOKS} %}`, Next: "Terminate" },
    ],
    Default: "NotRemoved",
  },
  Terminate: task("ec2:terminateInstances", {
    Arguments: { InstanceIds: "{% $left %}" },
    Next: "WaitGone",
    Catch: [{ ErrorEquals: ["States.ALL"], Next: "WaitGone" }],
  }),
  WaitGone: { Type: "Wait", Seconds: LOOK_SECONDS, Next: "FindLeft" },
  Done: { Type: "Succeed" },
  Failed: { Type: "Fail", Error: "Failed", Cause: "{% $failure %}" },
  NotRemoved: {
    Type: "Fail",
    Error: "NotRemoved",
    Cause: "{% 'Instances were not terminated: ' & $join($left, ', ') & '. ' & $failure %}",
  },
});
