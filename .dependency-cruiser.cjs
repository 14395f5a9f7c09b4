/*
 * No circle of imports among files, of types included. `import-x/no-cycle` ignores `import type`, which most circles here were,
 * and adds more time to the lint. Aliases (`#skills`) are not followed: eslint.config.js keeps rooms from importing upward.
 */
module.exports = {
  forbidden: [{ name: 'no-circular', severity: 'error', from: {}, to: { circular: true } }],
  options: {
    exclude: { path: ['^dist', 'node_modules'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
