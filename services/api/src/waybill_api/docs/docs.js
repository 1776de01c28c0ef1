// Draws /openapi.json: operations, schemas, and a form to try each. Text is only ever set as text, never as markup.

const METHODS = new Set(["get", "put", "post", "delete", "patch"]);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// `code` in backticks is the one piece of Markdown that the descriptions use.
function prose(text = "") {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

function resolve(api, node) {
  if (!node || !node.$ref) return node;
  return node.$ref.slice(2).split("/").reduce((at, key) => at[key], api);
}

function nameOf(node) {
  return node.$ref ? node.$ref.split("/").at(-1) : null;
}

function typeOf(api, schema) {
  const options = schema.oneOf || schema.anyOf;
  if (options) return [...new Set(options.map((option) => typeOf(api, option)))].join(" or ");
  if (schema.$ref) return nameOf(schema);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `list of ${typeOf(api, schema.items || {})}`;
  if (schema.propertyNames) return `object of ${typeOf(api, schema.additionalProperties || {})}`;
  return [schema.type || "any JSON", schema.format && `(${schema.format})`].filter(Boolean).join(" ");
}

const RULES = {
  minLength: "at least %s characters", maxLength: "at most %s characters", minimum: "≥ %s", maximum: "≤ %s",
  maxProperties: "at most %s members", pattern: "matches %s", default: "default %s",
};

function rules(schema, of = "") {
  const bounds = (schema.anyOf || []).filter((option) => option.type !== "null");
  const all = bounds.length === 1 ? { ...bounds[0], ...schema } : schema;
  const own = Object.entries(RULES)
    .filter(([name]) => name in all)
    .map(([name, text]) => {
      const value = typeof all[name] === "string" && name === "pattern" ? all[name] : JSON.stringify(all[name]);
      return make("span", { class: "rule" }, of + text.replace("%s", () => value));
    });
  const ofMembers = all.propertyNames ? [rules(all.propertyNames, "names: "), rules(all.additionalProperties, "values: ")] : [];
  return [...own, ...ofMembers.flat()];
}

function members(api, schema) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([name, member]) => {
    const mark = required.has(name) ? make("span", { class: "required" }, " required") : null;
    const about = [make("span", {}, typeOf(api, member)), mark, make("div", {}, rules(member))];
    if (member.description) about.push(make("div", { class: "dim" }, prose(member.description)));
    for (const part of [member, member.items, ...(member.oneOf || member.anyOf || [])]) {
      if (part && part.$ref) about.push(drawSchema(api, part));
    }
    return make("tr", {}, make("td", {}, name), make("td", {}, about));
  });
  return rows.length ? make("table", {}, rows) : make("p", { class: "dim" }, "No members of its own.");
}

function drawSchema(api, node, open = false) {
  const schema = resolve(api, node);
  const description = schema.description ? make("p", { class: "dim" }, prose(schema.description)) : null;
  const options = schema.oneOf || schema.anyOf;
  if (options && !schema.properties) {
    return make("div", {}, description, options.map((option, index) => drawSchema(api, option, open && index === 0)));
  }
  const body = schema.enum ? make("p", {}, typeOf(api, schema)) : members(api, schema);
  const version = schema.properties?.payload_version?.const;
  const versionOf = version && make("span", { class: "dim" }, ` version ${version} of the payload`);
  const heading = make("summary", {}, make("code", {}, nameOf(node) || schema.title || typeOf(api, schema)), versionOf || "");
  return make("details", { open }, heading, make("div", { class: "schema" }, description, body));
}

function drawAnswers(api, operation) {
  const rows = Object.entries(operation.responses).map(([status, node]) => {
    const answer = resolve(api, node);
    const shown = Object.values(answer.content || {}).map((content) => drawSchema(api, content.schema));
    const bad = Number(status) >= 400 ? "status bad" : "status";
    return make("tr", {}, make("td", {}, make("span", { class: bad }, status)), make("td", {}, prose(answer.description), shown));
  });
  return [make("h3", {}, "Answers"), make("table", {}, rows)];
}

function drawParameters(api, parameters) {
  if (!parameters.length) return null;
  const rows = parameters.map((parameter) => {
    const where = make("span", { class: "dim" }, ` in ${parameter.in}`);
    const about = [typeOf(api, parameter.schema), where, make("div", {}, rules(parameter.schema))];
    return make("tr", {}, make("td", {}, parameter.name), make("td", {}, about, make("div", { class: "dim" }, prose(parameter.description))));
  });
  return [make("h3", {}, "Parameters"), make("table", {}, rows)];
}

async function send(method, path, form, output) {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const field of form.querySelectorAll("[data-in]")) {
    if (!field.value) continue;
    if (field.dataset.in === "path") target = target.replace(`{${field.name}}`, encodeURIComponent(field.value));
    if (field.dataset.in === "query") query.append(field.name, field.value);
    if (field.dataset.in === "header") headers[field.name] = field.value;
  }
  const body = form.querySelector("textarea")?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  output.replaceChildren(make("p", { class: "dim" }, "…"));
  try {
    const began = performance.now();
    const answer = await fetch(target + (query.size ? `?${query}` : ""), { method: method.toUpperCase(), headers, body });
    const text = await answer.text();
    const milliseconds = Math.round(performance.now() - began);
    const status = make("span", { class: answer.ok ? "status" : "status bad" }, `${answer.status} ${answer.statusText}`);
    output.replaceChildren(make("p", {}, status, ` in ${milliseconds} ms`), make("pre", {}, pretty(text)));
  } catch (error) {
    output.replaceChildren(make("p", { class: "status bad" }, `No answer: ${error.message}`));
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function drawField(parameter) {
  const attributes = { name: parameter.name, "data-in": parameter.in };
  const values = parameter.schema.enum;
  const field = values
    ? make("select", attributes, ["", ...values].map((value) => make("option", { value }, value || "any")))
    : make("input", { ...attributes, placeholder: parameter.schema.default, required: parameter.in === "path" });
  return make("label", {}, parameter.name, field);
}

function drawTry(path, method, operation, parameters) {
  const output = make("div", { "aria-live": "polite" });
  const content = operation.requestBody?.content["application/json"];
  const examples = Object.entries(content?.examples || {});
  const editor = content ? make("textarea", { spellcheck: "false", "aria-label": "Body" }) : null;
  const show = (name) => { editor.value = JSON.stringify(content.examples[name].value, null, 2); };
  if (examples.length) show(examples[0][0]);
  const chooser = examples.length > 1
    ? make("label", {}, "Example", make("select", { onchange: (event) => show(event.target.value) },
        examples.map(([name, example]) => make("option", { value: name }, example.summary))))
    : null;
  const submit = (event) => { event.preventDefault(); send(method, path, form, output); };
  const form = make("form", { class: "try", onsubmit: submit }, make("h3", {}, "Try it"),
    parameters.map(drawField), chooser, editor, make("button", {}, "Send"), output);
  return form;
}

function drawOperation(api, path, method, operation) {
  const parameters = (operation.parameters || []).map((parameter) => resolve(api, parameter));
  const body = operation.requestBody?.content["application/json"];
  return make("section", { class: "operation", id: operation.operationId },
    make("header", {},
      make("span", { class: `method ${method}` }, method), make("span", { class: "path" }, path),
      make("h2", {}, operation.summary)),
    make("div", {},
      operation.description ? make("p", {}, prose(operation.description)) : null,
      drawParameters(api, parameters),
      body ? [make("h3", {}, "Body"), drawSchema(api, body.schema, true)] : null,
      drawAnswers(api, operation),
      drawTry(path, method, operation, parameters)));
}

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    Object.keys(item).filter((key) => METHODS.has(key)).map((method) => ({ path, method, operation: item[method] })));
}

function drawContents(api, operations) {
  const groups = api.tags.map(({ name }) => [
    make("h2", {}, name),
    make("ul", {}, operations.filter(({ operation }) => operation.tags.includes(name)).map(({ path, method, operation }) =>
      make("li", {}, make("a", { href: `#${operation.operationId}` },
        make("span", { class: `method ${method}` }, method), path)))),
  ]);
  return [make("strong", {}, api.info.title), make("small", {}, `API ${api.info.version}`), ...groups.flat(),
    make("h2", {}, "Document"), make("a", { href: "/openapi.json" }, "openapi.json")];
}

async function draw() {
  const main = document.getElementById("document");
  try {
    const api = await (await fetch("/openapi.json")).json();
    const operations = operationsOf(api);
    document.getElementById("contents").replaceChildren(...drawContents(api, operations));
    main.replaceChildren(
      make("h1", {}, api.info.title), make("p", { class: "lead" }, prose(api.info.description.replaceAll(/([^\n])\n([^\n])/g, "$1 $2"))),
      ...operations.map(({ path, method, operation }) => drawOperation(api, path, method, operation)));
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  } catch (error) {
    main.replaceChildren(make("p", { class: "status bad" }, `The document cannot be shown: ${error.message}`));
  }
}

await draw();
document.body.dataset.drawn = "true";
