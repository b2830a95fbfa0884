/**
 * What a trace may ask of its reader. A writer of ours stays far below; a trace from elsewhere that claims more is
 * refused before anything is allocated for it.
 */

/** Rows of one batch. */
export const mostRows = 65_536;
/** Bytes of one message's metadata: the header with all blind spots, or the places of all buffers. */
export const mostMetadataBytes = 1 << 20;
/** Bytes of one message's body as it lies in the file. */
export const mostBodyBytes = 64 << 20;
/** Bytes of one batch when unpacked; the dictionary's text included. */
export const mostUnpackedBytes = 96 << 20;
/** Bytes of text in one batch after which the writer begins another. */
export const textPerBatch = 8 << 20;
/** Columns, known or not. */
export const mostColumns = 256;
