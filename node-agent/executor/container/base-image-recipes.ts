// Base images that scripts run in, made of Debian packages alone, so that no registry is needed: what goes in, what goes out again.
import { createHash } from 'node:crypto';
import { NunetError } from '@nunet/shared/errors.ts';

export interface BaseRecipe {
  /** As a job names it. */
  readonly name: string;
  /** For lists: what a script finds in it. */
  readonly description: string;
  /** Of Debian; its state on the day of the build decides the exact versions. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Installed only because a package asks for it, and never read at run time: regular expressions over package names. */
  readonly purge: readonly string[];
  /** Python that must end with 0 in the finished tree. */
  readonly check: string;
  /** Needed beside each other while it is built, and what the image takes in the end. Measured. */
  readonly buildBytes: number;
  readonly imageBytes: number;
}

/** pip installs a job's packages; numpy is what every one of these stands on. */
const COMMON = ['python3', 'python3-pip', 'python3-numpy'];

/** Compilers and headers come with scipy, which can compile kernels at run time (pythran): no job may, its disk is no place for programs. */
const COMPILERS = [
  '-dev$',
  '-dev-bin$',
  '^(gcc|g\\+\\+|cpp|binutils)(-|$)',
  '^lib(asan|tsan|lsan|ubsan|hwasan|itm|cc1-|mpc|mpfr|isl|gprofng|binutils|ctf|ctf-nobfd|sframe|jansson)[0-9]',
  '^python3-(pythran|beniget|gast|ply)$',
  '^(make|dpkg-dev|build-essential|rpcsvc-proto)$',
];
/** The compilers' patterns would take these along: `gcc-12-base` is a folder of licences that libgcc names. */
const KEPT = /^(gcc-\d+-base)$/;

const GIB = 2 ** 30;
const MIB = 2 ** 20;

export const RECIPES: readonly BaseRecipe[] = [
  {
    name: 'scikit-learn',
    description: 'Debian 12: Python 3.11, numpy 1.24, scipy 1.10, scikit-learn 1.2',
    suite: 'bookworm',
    packages: [...COMMON, 'python3-sklearn'],
    purge: COMPILERS,
    check: 'import numpy, scipy, sklearn.datasets, sklearn.neural_network; sklearn.datasets.load_digits()',
    buildBytes: 2 * GIB,
    imageBytes: 360 * MIB,
  },
  {
    name: 'pytorch',
    description: 'Debian 12: Python 3.11, numpy 1.24, PyTorch 1.13 for the CPU',
    suite: 'bookworm',
    packages: [...COMMON, 'python3-torch'],
    // LLVM, Z3 and Mesa are opened by OpenCV's windows alone; libicu stays, without it torch cannot be imported.
    purge: [
      ...COMPILERS,
      '^libtorch-test$',
      '^libllvm\\d+$',
      '^libz3-',
      '^libgl1-mesa-dri$',
      '^(iso-codes|xkb-data|shared-mime-info|proj-data|gdal-data)$',
      '^fonts-',
    ],
    check: 'import torch; x = torch.ones(2, 2, requires_grad=True); (x @ x).sum().backward(); assert x.grad is not None',
    buildBytes: 3 * GIB,
    imageBytes: 915 * MIB,
  },
  {
    name: 'onnx',
    description: 'Debian 13: Python 3.13, numpy 2.2, onnx 1.17, ONNX Runtime 1.21',
    // Debian 12 has no ONNX Runtime.
    suite: 'trixie',
    // libre2 is asked for by a name that only apt resolves.
    packages: [...COMMON, 'python3-onnx', 'python3-onnxruntime', 'libre2-11'],
    purge: COMPILERS,
    check: 'import numpy, onnx, onnxruntime',
    buildBytes: 2 * GIB,
    imageBytes: 360 * MIB,
  },
];

/** Throws `image-recipe-unknown`. */
export function recipeOf(name: string): BaseRecipe {
  const found = RECIPES.find((recipe) => recipe.name === name);
  if (found !== undefined) return found;
  throw new NunetError(
    'image-recipe-unknown',
    `Cannot build "${name.slice(0, 60)}": there are recipes for ${RECIPES.map((known) => known.name).join(', ')}`,
  );
}

/** Of the steps in base-image-build.ts: raised when they change. */
const STEPS_VERSION = 1;

/** Another hash is another recipe: such an image is built again. */
export const recipeHash = ({ description: _, ...recipe }: BaseRecipe): string =>
  createHash('sha256')
    .update(JSON.stringify([STEPS_VERSION, recipe.suite, recipe.packages, recipe.purge, recipe.check]))
    .digest('hex');

/** Of the installed packages, those that the recipe has no use for. */
export function purgeable(recipe: BaseRecipe, installed: readonly string[]): string[] {
  const patterns = recipe.purge.map((source) => new RegExp(source));
  return installed.filter((name) => !KEPT.test(name) && !recipe.packages.includes(name) && patterns.some((pattern) => pattern.test(name)));
}
