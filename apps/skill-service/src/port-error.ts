/** A port that cannot be listened on; the message says what to do. */
export class PortError extends Error {}

/** Where a server shall listen, and the settings that say so. */
export interface PortChoice {
  host: string;
  port: number;
  hostVariable: string;
  portVariable: string;
}

/** A PortError; what has nothing to do with the port stays what it is. */
export function portErrorOf(error: unknown, { host, port, hostVariable, portVariable }: PortChoice): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new PortError(
      `Port ${port} on ${host} is in use. Stop the program that holds it, or set ${portVariable} to another port.`,
    );
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new PortError(
      `Cannot listen on port ${port} of ${host} (${code}). Check ${hostVariable} and ${portVariable}.`,
    );
  }
  return error;
}
