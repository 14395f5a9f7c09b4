/** Letters that look like Latin ones: a selection of Unicode Technical Standard 39 for Cyrillic and Greek, and two digits. */
const LOOKS_LIKE = pairs([
  ['авгеіјкмнорсԁтухѕһԛԝӏ', 'abreijkmhopcdtyxshqwl'],
  ['АВЕКМНОРСТУХЅІЈ', 'abekmhopctyxsij'],
  ['αγεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ayeikvoptuxwabezhikmnoptyx'],
  ['01ıɑɡ', 'oliag'],
  ['\u2010\u2011\u2012\u2013\u2014\u2015\u2212', '-------'],
]);
const SKELETON_MAX = 255;

/** What a name looks like. Names with the same skeleton are look-alikes. At most 255 characters; takes linear time. */
export function toSkeleton(name: string): string {
  const plain = name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
  const characters = Array.from(plain, (character) => LOOKS_LIKE.get(character) ?? character);
  const folded = characters.join('').toUpperCase().toLowerCase().normalize('NFC');
  return Array.from(folded).slice(0, SKELETON_MAX).join('');
}

function pairs(lists: readonly [string, string][]): Map<string, string> {
  return new Map(
    lists.flatMap(([from, to]) => {
      const targets = Array.from(to);
      return Array.from(from, (character, index): [string, string] => [character, targets[index] ?? character]);
    }),
  );
}
