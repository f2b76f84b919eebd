// The drill's first rule: nothing of it reaches a real account.

/**
 * Checks an environment before anything runs with it.
 * @throws Error naming the variable, unless every endpoint is 127.0.0.1 or is reached through a proxy there
 */
export function assertLoopback(env: NodeJS.ProcessEnv): void {
  if (!env.AWS_ENDPOINT_URL)
    throw new Error("AWS_ENDPOINT_URL is not set: without it the drill would reach AWS itself.");
  const proxied = isLoopback(env.HTTP_PROXY);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("AWS_ENDPOINT_URL") || !value) continue;
    // Plain http to any other name goes through the proxy, and so ends on this machine, too.
    if (!isLoopback(value) && !(proxied && value.startsWith("http://"))) {
      throw new Error(`${name} is ${value}: the drill runs on 127.0.0.1 only.`);
    }
  }
}

const isLoopback = (url: string | undefined): boolean =>
  url !== undefined && URL.canParse(url) && new URL(url).hostname === "127.0.0.1";

/** Replaces this process's environment: what the caller had set for AWS and Terraform is gone. */
export function adopt(env: NodeJS.ProcessEnv): void {
  assertLoopback(env);
  for (const name of Object.keys(process.env)) {
    if (/^(AWS_(?!SDK_JS_)|TF_VAR_|TF_WORKSPACE|TF_DATA_DIR|TF_CLI_ARGS)/.test(name)) delete process.env[name];
  }
  Object.assign(process.env, env);
}
