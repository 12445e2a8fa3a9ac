// A refusal that is shown as a page of its own making: a form once more with what is wrong, or a
// reply to the client. The audit log sees the error as any other.
import { ApiError, type Result } from '#kernel';

export class PageError extends ApiError {
  readonly page: Result;

  constructor(error: ApiError, page: Result) {
    super(error.definition, {}, { cause: error, reason: error.reason });
    this.name = 'PageError';
    this.message = error.message;
    this.page = page;
  }
}
