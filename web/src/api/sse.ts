// Server-sent events from bytes, without a list of event names (EventSource needs one) and with our own way of coming back.

export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/** What is left of an unfinished event between two pieces of text. */
export interface Parser {
  rest: string;
  lastId: string;
}

export const newParser = (lastId = ''): Parser => ({ rest: '', lastId });

/** Takes the next piece of text and returns the events that became whole. */
export function feed(parser: Parser, text: string): ServerEvent[] {
  const whole = (parser.rest + text).replace(/\r\n?/g, '\n');
  const blocks = whole.split('\n\n');
  parser.rest = blocks.pop() ?? '';
  return blocks.map((block) => parse(parser, block)).filter((event) => event !== null);
}

function parse(parser: Parser, block: string): ServerEvent | null {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line === '' || line.startsWith(':')) continue;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') parser.lastId = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  }
  return data.length > 0 ? { id: parser.lastId, type, data: data.join('\n') } : null;
}

/** The wait before the next try: doubling from one second to thirty, with some chance in it. */
export function backoffMillis(tries: number, chance: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(tries, 5)) * (0.5 + chance / 2);
}
