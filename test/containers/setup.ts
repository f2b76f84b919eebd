// What the image's tests share: the image built once, a database, and small ways to ask a container.
import { request } from "undici";
import { type Container, type ContainerOptions, runContainer, stopContainers } from "./engine/container";
import { type TestDatabase, testDatabase } from "./engine/test-database";
import { buildTestImage, type TestImage, type TestImageOptions } from "./engine/test-image";
import { requireContainerTools } from "./engine/tools";

// Containers take seconds to start and to drain.
jest.setTimeout(120_000);

/** PHP's extensions that REDCap asks for. */
export const REDCAP_EXTENSIONS = "mysqli gd curl zip mbstring intl xml imagick ldap apcu openssl".split(" ");

export interface ImageUnderTest extends TestImage {
  database: TestDatabase;
  /** A serving container; `environment` is added to what `serve` needs, `mounts` replace the database's authority. */
  serve(environment?: Record<string, string>, mounts?: { source: string; target: string }[]): Promise<Container>;
  /** Options of any container of the image, with what `serve` needs; an empty variable is as good as none. */
  options(command: string, changes?: Record<string, string>): ContainerOptions;
  stop(): Promise<void>;
}

/** For beforeAll. @throws Error with the reason, where no container can run */
export async function imageUnderTest(build: TestImageOptions = {}): Promise<ImageUnderTest> {
  await requireContainerTools();
  const image = await buildTestImage(build);
  const database = await testDatabase();
  const options: ImageUnderTest["options"] = (command, changes = {}) => ({
    image: image.image,
    command: [command],
    environment: { WORKERS: "8", ...database.environment, ...changes },
    mounts: database.mounts,
  });
  return {
    ...image,
    database,
    options,
    serve: async (environment = {}, mounts = database.mounts) => {
      const container = await runContainer({ ...options("serve", environment), mounts });
      await container.waitFor("A serving container", async () => {
        const { ok } = await fetch(container.url("/health/live"));
        return ok || undefined;
      });
      return container;
    },
    stop: async () => {
      await stopContainers();
      await database.stop();
    },
  };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export async function get(container: Container, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(container, path, { headers });
}

/** One request, without limits of time: what the server does is what is tested. */
export async function ask(
  container: Container,
  path: string,
  options: Parameters<typeof request>[1] = {},
): Promise<Answer> {
  // As a URL's parser would change some of the paths that are tried.
  const { statusCode, headers, body } = await request(container.url("/"), {
    headersTimeout: 0,
    bodyTimeout: 0,
    ...options,
    path,
  } as Parameters<typeof request>[1]);
  return { status: statusCode, headers, body: await body.text() };
}

/** A stand-in's page that answers with JSON. */
export async function page<T = Record<string, unknown>>(container: Container, query: string): Promise<T> {
  const { status, body } = await get(container, `/?page=${query}`);
  if (status !== 200) throw new Error(`?page=${query} answered ${status}: ${body}`);
  return JSON.parse(body) as T;
}

/** The text of an element of the stand-in's first page. */
export const shown = (body: string, id: string): string | undefined =>
  new RegExp(`id="${id}">([^<]*)<`).exec(body)?.[1];
