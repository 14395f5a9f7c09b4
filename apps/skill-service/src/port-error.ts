/** The server cannot listen on a port; the message says what to do. */
export class PortError extends Error {}

/** A port and its host, with the names of their settings. */
export interface PortChoice {
  host: string;
  port: number;
  hostVariable: string;
  portVariable: string;
}

/** Returns a PortError if the error is about the port; otherwise the error itself. */
export function toPortError(error: unknown, { host, port, hostVariable, portVariable }: PortChoice): unknown {
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
