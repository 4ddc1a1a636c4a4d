/* The starting weights that PyTorch draws: `torch.manual_seed(seed); nnbook.mlp(1, hidden, 1)`, to
   the last bit. PyTorch's generator on the CPU is the Mersenne Twister (M. Matsumoto, T. Nishimura,
   1998), and `nn.Linear` draws evenly from a range that its number of inputs decides. */

const SIZE = 624;
const SHIFT = 397;

/**
 * Make a generator of whole numbers from 0 to 2^32 - 1, as `torch.manual_seed` does.
 * @param {number} seed
 * @returns {() => number}
 */
export function generator(seed) {
  const state = new Uint32Array(SIZE);
  state[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const before = at(state, i - 1);
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  let next = SIZE;
  return () => {
    if (next === SIZE) {
      renew(state);
      next = 0;
    }
    let y = at(state, next++);
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** @param {Uint32Array} state */
function renew(state) {
  for (let i = 0; i < SIZE; i++) {
    const y = (at(state, i) & 0x80000000) | (at(state, (i + 1) % SIZE) & 0x7fffffff);
    state[i] = at(state, (i + SHIFT) % SIZE) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

/** @param {Uint32Array} state @param {number} place */
const at = (state, place) => /** @type {number} */ (state[place]);

/**
 * Draw numbers from -bound to bound. Each is rounded to single precision once, at the end, since
 * processors multiply and add in one operation.
 * @param {() => number} draw @param {number} count @param {number} bound
 */
function uniform(draw, count, bound) {
  const high = Math.fround(bound);
  const range = Math.fround(high + high);
  return Float32Array.from({ length: count }, () => {
    const part = (draw() & 0xffffff) / 0x1000000;
    return Math.fround(part * range - high);
  });
}

/** @param {() => number} draw @param {number} inputs @param {number} outputs */
function linear(draw, inputs, outputs) {
  const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2));
  const weight = uniform(draw, inputs * outputs, Math.sqrt(3) * (gain / Math.sqrt(inputs)));
  return [weight, uniform(draw, outputs, 1 / Math.sqrt(inputs))];
}

/**
 * Draw the parameters of a network with one input, one output and one hidden layer, or none.
 * @param {number} seed @param {number} hidden
 * @returns {Float32Array[]} weight and bias of each layer, in order
 */
export function startingWeights(seed, hidden) {
  const draw = generator(seed);
  return hidden ? [...linear(draw, 1, hidden), ...linear(draw, hidden, 1)] : linear(draw, 1, 1);
}
