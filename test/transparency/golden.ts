/* The golden log of transparency-dev/tessera, whose private key is public. */
export const GOLDEN_SKEY =
  'PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg';
export const GOLDEN_ORIGIN = 'example.com/log/testdata';
/** One for each checkpoint after the first. */
export const GOLDEN_ENTRIES =
  'one two three four five six seven eit nain ten ileven twelf threeten fourten fivten'.split(' ');
