/* global document, window */
const element = (id) => document.getElementById(id);

async function refresh() {
  const items = (await window.helper.list()).map((name) => {
    const item = document.createElement('li');
    item.textContent = name;
    return item;
  });
  element('files').replaceChildren(...items);
}

const report = (error) => (element('message').textContent = error.message);

element('import').addEventListener('click', () => {
  element('message').textContent = '';
  window.helper.import().then(refresh).catch(report);
});
window.helper
  .whoami()
  .then((name) => (element('user').textContent = name))
  .then(refresh)
  .catch(report);
