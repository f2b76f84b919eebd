// Whether a trail's event selectors record what an auditor asks for: every management event, every access to the files.
import type { AdvancedEventSelector, AdvancedFieldSelector, EventSelector } from "@aws-sdk/client-cloudtrail";

export interface Selectors {
  EventSelectors?: EventSelector[] | undefined;
  AdvancedEventSelectors?: AdvancedEventSelector[] | undefined;
}

const S3_OBJECT = "AWS::S3::Object";

/** As bootstrap sets them. @param objects ARNs that objects' ARNs begin with, such as `arn:aws:s3:::redcap-prod-files-…/` */
export function wantedSelectors(objects: string[]): AdvancedEventSelector[] {
  const management = {
    Name: "Management events",
    FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }],
  };
  const data = {
    Name: "Objects in REDCap's files",
    FieldSelectors: [
      { Field: "eventCategory", Equals: ["Data"] },
      { Field: "resources.type", Equals: [S3_OBJECT] },
      { Field: "resources.ARN", StartsWith: objects },
    ],
  };
  return objects.length > 0 ? [management, data] : [management];
}

/** Names what is recorded and what is not; of reads and writes, both must be. */
export function coverage(
  { EventSelectors = [], AdvancedEventSelectors = [] }: Selectors,
  objects: string[],
): Record<string, boolean> {
  const basic = EventSelectors.filter(({ ReadWriteType = "All" }) => ReadWriteType === "All");
  const advanced = AdvancedEventSelectors.map(({ FieldSelectors = [] }) => FieldSelectors);
  const covers = (object: string) =>
    basic.some(({ DataResources = [] }) =>
      DataResources.some(
        ({ Type, Values = [] }) =>
          Type === S3_OBJECT && Values.some((value) => value === allOf(object) || object.startsWith(value)),
      ),
    ) || advanced.some((fields) => coversObjects(fields, object));
  return {
    "management events":
      basic.some(({ IncludeManagementEvents, ExcludeManagementEventSources: excluded = [] }) =>
        Boolean(IncludeManagementEvents !== false && excluded.length === 0),
      ) || advanced.some((fields) => isExactly(fields, { eventCategory: "Management" })),
    "data events of the files": objects.every(covers),
  };
}

/** A basic selector's word for every bucket: `arn:aws:s3`. */
const allOf = (object: string): string => object.split(":").slice(0, 3).join(":");

function coversObjects(fields: AdvancedFieldSelector[], object: string): boolean {
  const arn = fields.find(({ Field }) => Field === "resources.ARN");
  const others = fields.filter((field) => field !== arn);
  const { StartsWith = [], ...operators } = { ...arn, Field: undefined };
  const byBeginning = Object.values(operators).every((values) => values === undefined);
  return (
    isExactly(others, { eventCategory: "Data", "resources.type": S3_OBJECT }) &&
    (arn === undefined || (byBeginning && StartsWith.some((start) => object.startsWith(start))))
  );
}

/** Any further field, such as readOnly, would leave events out. */
const isExactly = (fields: AdvancedFieldSelector[], wanted: Record<string, string>): boolean =>
  fields.length === Object.keys(wanted).length &&
  fields.every(({ Field = "", Equals = [] }) => Equals.length === 1 && Equals[0] === wanted[Field]);
