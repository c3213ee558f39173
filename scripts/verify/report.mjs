import { renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const titles = {
  real: 'Verification on Windows',
  rehearsal: 'REHEARSAL under Wine: nothing here is verified',
};
const widths = [17, 10, 43];

/** The results of a run, as a table on the terminal, and as a Markdown or JSON file. */
export class Report {
  rows = [];
  /** Set at the end of the run: the report of a run that did not get there says so. */
  complete = false;
  #rehearsal;

  constructor({ rehearsal }) {
    this.#rehearsal = rehearsal;
  }

  get heading() {
    return this.#rehearsal ? titles.rehearsal : titles.real;
  }

  get title() {
    return this.complete ? this.heading : `${this.heading} (the run has not ended)`;
  }

  get machine() {
    return `${os.version()} ${os.release()}, ${process.arch}, Node.js ${process.versions.node}`;
  }

  get summary() {
    const count = (result) => this.rows.filter((row) => row.result === result).length;
    const results = ['verified', 'rehearsed', 'failed', 'not shown'].filter((result) => count(result) > 0);
    return results.map((result) => `${count(result)} ${result}`).join(', ');
  }

  get failed() {
    return this.rows.some(({ result }) => result === 'failed');
  }

  /** Adds a row and returns its line for the terminal. */
  add(row) {
    this.rows.push(row);
    const cells = [row.item, row.result, row.check, row.evidence];
    return cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' ');
  }

  markdown() {
    const cell = (text) => text.replaceAll('|', '\\|');
    const lines = this.rows.map(
      ({ item, result, check, evidence }) => `| ${[item, result, check, evidence].map(cell).join(' | ')} |`,
    );
    const head = '| item | result | check | evidence |\n| --- | --- | --- | --- |';
    return `# ${this.title}\n\n${this.machine}: ${this.summary}\n\n${head}\n${lines.join('\n')}\n`;
  }

  json() {
    const { title, machine, summary, rows } = this;
    return `${JSON.stringify({ title, rehearsal: this.#rehearsal, machine, summary, rows }, null, 2)}\n`;
  }

  /** Writes JSON if the name ends in .json, else Markdown. The file is whole, also if the process is killed meanwhile. */
  write(file) {
    writeFileSync(`${file}.new`, path.extname(file) === '.json' ? this.json() : this.markdown());
    renameSync(`${file}.new`, file);
  }
}
