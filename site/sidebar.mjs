// The order of the site's pages: groups of [text, page]. Lint checks that every page of docs is here, except those of
// docs/api, which are listed by their names.
export const sidebar = [
  {
    text: 'Getting started',
    pages: [
      ['A Windows service', 'docs/start/windows-service.md'],
      ['IIS', 'docs/start/iis.md'],
      ['Electron', 'docs/start/electron.md'],
      ['systemd', 'docs/start/systemd.md'],
      ['Docker and Kubernetes', 'docs/start/containers.md'],
    ],
  },
  {
    text: 'Start',
    pages: [
      ['Installing', 'docs/install.md'],
      ['Rights', 'docs/rights.md'],
      ['Doctor', 'docs/doctor.md'],
      ['Troubleshooting', 'docs/troubleshooting.md'],
      ['Error codes', 'docs/errors.md'],
      ['Migrating', 'docs/migrating.md'],
      ['Questions', 'docs/faq.md'],
    ],
  },
  {
    text: 'Identity',
    pages: [
      ['Tokens', 'docs/tokens.md'],
      ['Sources of tokens', 'docs/token-sources.md'],
      ['Integrated Authentication', 'docs/integrated-authentication.md'],
      ['Local pipes and sockets', 'docs/peers.md'],
    ],
  },
  {
    text: 'Work',
    pages: [
      ['Scopes', 'docs/scopes.md'],
      ['Flows', 'docs/flows.md'],
      ['Routing', 'docs/register.md'],
      ['Files', 'docs/fs.md'],
      ['Programs', 'docs/processes.md'],
      ['Workers', 'docs/workers.md'],
      ['Declarations', 'docs/declarative.md'],
      ['COM', 'docs/com.md'],
    ],
  },
  {
    text: 'Other servers',
    pages: [
      ['HTTP back ends', 'docs/back-ends.md'],
      ['Databases', 'docs/databases.md'],
      ['Delegation', 'docs/delegation.md'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['Built-ins', 'docs/routing.md'],
      ['npm packages', 'docs/packages.md'],
      ["Node's tests", 'docs/node-tests.md'],
    ],
  },
  {
    text: 'Operation',
    pages: [
      ['Events', 'docs/observability.md'],
      ['Performance', 'docs/performance.md'],
      ['Measured on Linux', 'benchmarks/report/linux.md'],
      ['Measured under Wine', 'benchmarks/report/win32.md'],
      ['Security model', 'docs/security.md'],
      ['Reporting a vulnerability', 'SECURITY.md'],
      ['Changes', 'CHANGELOG.md'],
    ],
  },
  {
    text: 'Contributors',
    pages: [
      ['Guide', 'CONTRIBUTING.md'],
      ['Architecture', 'docs/architecture.md'],
      ['Verification', 'docs/verification.md'],
    ],
  },
];
