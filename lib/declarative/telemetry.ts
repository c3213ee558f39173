import type { TokenId } from '../../types/native';
import { identitiesOf } from '../diagnostics/channels';
import { ImpersonationError } from '../internal/error';
import { asProcess } from '../internal/flow-store';

/** The part of OpenTelemetry's API that is used. */
interface OpenTelemetry {
  readonly trace: {
    getActiveSpan(): { setAttribute(name: string, value: string): unknown } | undefined;
  };
}

let api: OpenTelemetry | undefined;

/** Loads OpenTelemetry's API. Throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if it is not installed. */
export function loadTelemetry(): void {
  try {
    // Loaded on demand: it is an optional peer dependency.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    api ??= asProcess(() => require('@opentelemetry/api') as OpenTelemetry);
  } catch (error) {
    throw new ImpersonationError(
      `spanAttributes needs the package @opentelemetry/api, which does not load (${(error as Error).message.split('\n')[0] ?? ''}): npm install @opentelemetry/api`,
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
}

/** Sets `enduser.id` of the active span, as the process. */
export function setEndUser(id: TokenId): void {
  asProcess(() => {
    api?.trace.getActiveSpan()?.setAttribute('enduser.id', identitiesOf(id).user.id);
  });
}
