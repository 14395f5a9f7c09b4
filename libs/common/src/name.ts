import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';
import { textFault } from './text.js';

/** Scripts in which joiners (U+200C, U+200D) change how a word is written. */
const JOINING = ['Arab', 'Syrc', 'Mong', 'Nkoo', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym']
  .concat(['Sinh', 'Khmr', 'Mymr', 'Tibt', 'Java', 'Bali'])
  .map((script) => String.raw`\p{scx=${script}}`)
  .join('');
/** One emoji of a sequence (Unicode Technical Standard 51), with at most one selector each, so that nothing hides in it. */
const EMOJI = String.raw`(?:\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F\u20E3|\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|[\uFE0E\uFE0F])?)`;
/** Where invisible characters belong: in emoji, in words of these scripts, and after an ideograph. */
const WELL_PLACED = new RegExp(
  String.raw`${EMOJI}(?:\u200D${EMOJI})*|(?<=[${JOINING}])[\u200C\u200D](?=[${JOINING}])|(?<=\p{sc=Han})[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]|(?<=\p{sc=Mong})[\u180B-\u180D\u180F]`,
  'gu',
);
/** Control characters, halves of surrogate pairs, ends of lines, and characters that nobody sees. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB\u2800]/gu;
const OUTER_BLANK = /^\s|\s$/gu;
/** Characters that one reason names. */
const MAX_NAMED = 5;

/** Returns the characters of a text that must not be in a name. Takes linear time. */
function findUnseen(text: string): string[] {
  return text.replace(WELL_PLACED, '').match(UNSEEN) ?? [];
}

function toCodePoints(characters: readonly string[]): string {
  const names = new Set(
    characters.map((character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`),
  );
  const named = [...names].slice(0, MAX_NAMED);
  return names.size > MAX_NAMED ? `${named.join(', ')} and others` : named.join(', ');
}

/** The text with its invisible characters as code points, such as `weather<U+200B>`. */
export function showUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => `<${toCodePoints([character])}>`);
}

/**
 * Why a value is no name of 1 to `max` code points, or undefined. People read names: what they cannot see must not make one
 * name another. The reason names characters by their code points.
 */
export function nameFault(value: unknown, max: number): string | undefined {
  // Bounds the cost of all that follows.
  if (typeof value !== 'string' || value.length > max * 2) return textFault(value, 1, max);
  const unseen = findUnseen(value);
  const blanks = value.trim() === '' ? null : value.match(OUTER_BLANK);
  const reasons = [
    ...(unseen.length > 0 ? [`must not contain ${toCodePoints(unseen)}`] : []),
    ...(blanks ? [`must not begin or end with ${toCodePoints(blanks)}`] : []),
  ];
  return reasons.length > 0 ? reasons.join('; ') : textFault(value, 1, max);
}

/** Longer texts are no names. Reordering their combining characters could take long. */
const MAX_NORMALIZED = 2_048;

/** Composed characters (NFC): one name has one spelling. */
export function toNfc<T>(value: T): T | string {
  return typeof value === 'string' && value.length <= MAX_NORMALIZED ? value.normalize('NFC') : value;
}

/** The spellings under which a name may be stored: NFC, and as it is, because older releases stored names as they came. */
export function listSpellings(name: string): [string, ...string[]] {
  const nfc = name.normalize('NFC');
  return nfc === name ? [name] : [nfc, name];
}

/** Reads a text in NFC. */
export function Nfc(): PropertyDecorator {
  return Transform(({ value }) => toNfc(value as unknown));
}

/** For the OpenAPI document. It tells outer blanks; invisible characters would make it unreadable. */
const NAME_PATTERN = String.raw`^\S(.*\S)?$`;

/** A name of 1 to `max` code points, which becomes NFC. `extra` is another rule, and `pattern` documents it. */
export function NameField({
  max,
  extra = () => undefined,
  pattern = NAME_PATTERN,
  ...options
}: FieldOptions & {
  max: number;
  extra?: (name: string) => string | undefined;
  pattern?: string;
}): PropertyDecorator {
  const fault = (value: unknown): string | undefined => nameFault(value, max) ?? extra(value as string);
  return applyDecorators(
    field(
      options,
      { type: String, minLength: 1, maxLength: max, pattern },
      ValidateBy({
        name: 'isName',
        validator: {
          validate: (value) => fault(value) === undefined,
          defaultMessage: (args) => fault(args?.value) ?? '',
        },
      }),
    ),
    Nfc(),
  );
}
