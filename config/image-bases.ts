// Debian's release by the PHP that it has: what an image can be built on.

export const IMAGE_BASES = { "8.2": "bookworm", "8.4": "trixie" } as const;
