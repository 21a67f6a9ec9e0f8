// Before viser's own scripts: `eval` is forbidden here, but its sorter of Gaussian splats (emscripten's
// embind) makes four functions of texts while the page loads, long before there are any splats, and
// the studio shows none. Such a call gets a function that refuses to be called; all others still fail.
Function = new Proxy(Function, {
  apply(make, self, texts) {
    if (texts.length < 2) return make(...texts);
    return () => () => {
      throw new EvalError("The studio shows no splats: this page makes no functions of texts.");
    };
  },
});
