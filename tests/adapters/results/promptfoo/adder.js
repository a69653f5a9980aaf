// A provider that adds. Version 2 multiplies where it should carry on; some questions break it.
module.exports = class {
  constructor(options) {
    this.version = options.config.version;
  }

  id() {
    return `adder-${this.version}`;
  }

  async callApi(prompt, context) {
    const { a, b } = context.vars;
    if (a === 101) throw new Error('division by zero in the adder');
    if (a === 102) return { error: 'API call error: Error: Request timed out after 300000 ms' };
    const output = String(this.version === 2 && a > 2 ? a * b : a + b);
    return { output, cost: 0.001 * this.version, tokenUsage: { total: 12, prompt: 10, completion: 2 } };
  }
};
