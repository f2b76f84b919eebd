// What a trail's selectors record, for trails of bootstrap's and of others.
import { coverage, wantedSelectors } from "../../../scripts/bootstrap/trail-coverage";

const FILES = ["arn:aws:s3:::redcap-dev-files/", "arn:aws:s3:::redcap-prod-files/"];
const BOTH = { "management events": true, "data events of the files": true };

/** An advanced selector: `{ eventCategory: "Data" }`, with `start` for the beginnings of ARNs. */
const selector = (equals: Record<string, string>, start?: string[]) => ({
  FieldSelectors: [
    ...Object.entries(equals).map(([Field, value]) => ({ Field, Equals: [value] })),
    ...(start ? [{ Field: "resources.ARN", StartsWith: start }] : []),
  ],
});
const management = selector({ eventCategory: "Management" });
const objects = { eventCategory: "Data", "resources.type": "AWS::S3::Object" };
const basic = (values: string[], change = {}) => ({
  ReadWriteType: "All" as const,
  IncludeManagementEvents: true,
  DataResources: [{ Type: "AWS::S3::Object", Values: values }],
  ...change,
});

test("bootstrap's own selectors record all of it", () => {
  expect(coverage({ AdvancedEventSelectors: wantedSelectors(FILES) }, FILES)).toEqual(BOTH);
  expect(coverage({ AdvancedEventSelectors: wantedSelectors([]) }, [])).toEqual(BOTH);
  // CloudTrail refuses a field without values.
  expect(wantedSelectors([])).toHaveLength(1);
});

test("a stage that came later is missing", () => {
  expect(coverage({ AdvancedEventSelectors: wantedSelectors(FILES.slice(1)) }, FILES)).toEqual({
    ...BOTH,
    "data events of the files": false,
  });
});

test.each<[string, object]>([
  ["all buckets, advanced", { AdvancedEventSelectors: [management, selector(objects)] }],
  ["a common beginning", { AdvancedEventSelectors: [management, selector(objects, ["arn:aws:s3:::redcap-"])] }],
  ["all buckets, basic", { EventSelectors: [basic(["arn:aws:s3"])] }],
  ["each bucket, basic", { EventSelectors: [basic(FILES)] }],
  ["in two selectors", { EventSelectors: [basic([]), basic(FILES, { IncludeManagementEvents: false })] }],
])("somebody else's trail is enough with %s", (_, selectors) => {
  expect(coverage(selectors, FILES)).toEqual(BOTH);
});

test.each<[string, object, Partial<typeof BOTH>]>([
  ["nothing", {}, { "management events": false, "data events of the files": false }],
  ["management events alone", { EventSelectors: [basic([])] }, { "data events of the files": false }],
  [
    "writes alone",
    { EventSelectors: [basic(FILES, { ReadWriteType: "WriteOnly" })] },
    { "management events": false, "data events of the files": false },
  ],
  [
    "writes alone, advanced",
    {
      AdvancedEventSelectors: [
        selector({ eventCategory: "Management", readOnly: "false" }),
        selector({ ...objects, readOnly: "false" }),
      ],
    },
    { "management events": false, "data events of the files": false },
  ],
  [
    "other buckets",
    { AdvancedEventSelectors: [management, selector(objects, ["arn:aws:s3:::other/"])] },
    { "data events of the files": false },
  ],
  [
    "all but some buckets",
    {
      AdvancedEventSelectors: [
        management,
        {
          FieldSelectors: [
            ...selector(objects).FieldSelectors,
            { Field: "resources.ARN", NotStartsWith: ["arn:aws:s3:::redcap-"] },
          ],
        },
      ],
    },
    { "data events of the files": false },
  ],
  [
    "other services' objects",
    { AdvancedEventSelectors: [management, selector({ ...objects, "resources.type": "AWS::Lambda::Function" })] },
    { "data events of the files": false },
  ],
  [
    "management events without KMS's",
    { EventSelectors: [basic(FILES, { ExcludeManagementEventSources: ["kms.amazonaws.com"] })] },
    { "management events": false },
  ],
])("somebody else's trail with %s is not", (_, selectors, missing) => {
  expect(coverage(selectors, FILES)).toEqual({ ...BOTH, ...missing });
});
