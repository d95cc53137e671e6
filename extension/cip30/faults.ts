// What a dApp's promise is rejected with: the error objects of CIP-30, 95 and 103, by their names.

/** APIError, DataSignError, TxSendError and TxSignError have the same shape. */
export interface CodedFault {
  code: number;
  info: string;
}

export interface PaginateFault {
  maxSize: number;
}

/** CIP-103 `submitTxs`: ids and errors, in the order of what was sent. */
export type Fault = CodedFault | PaginateFault | (string | CodedFault)[];

export const API = { invalidRequest: -1, internalError: -2, refused: -3, accountChange: -4 } as const;
export const DATA_SIGN = { proofGeneration: 1, addressNotPK: 2, userDeclined: 3 } as const;
export const TX_SEND = { refused: 1, failure: 2 } as const;
/** The third is CIP-95's. */
export const TX_SIGN = { proofGeneration: 1, userDeclined: 2, deprecatedCertificate: 3 } as const;

/** Carries a fault to the place that answers the page. */
export class Faulty extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super('a dApp is told no');
    this.fault = fault;
  }
}

export const fault = (code: number, info: string): Faulty => new Faulty({ code, info });
export const invalid = (info: string): Faulty => fault(API.invalidRequest, info);
