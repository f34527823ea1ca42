import t from 'tap';
import { type Death, dieAndGoOn, undisturbed } from '../app/story.js';

t.test('a death at any append, before or after its write, changes nothing in the end', async (t) => {
  const appends = await undisturbed(t);
  const deaths = Array.from({ length: appends }, (_, fatal) => [
    { fatal, when: 'before' } satisfies Death,
    { fatal, when: 'after' } satisfies Death,
  ]).flat();
  for (let next = 0; next < deaths.length; next += 2)
    await Promise.all(deaths.slice(next, next + 2).map((death) => dieAndGoOn(t, death)));
});
