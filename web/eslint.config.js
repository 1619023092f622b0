/** Rules of the code; those of vue-i18n find text that is not in the messages, and messages that are missing. */
import vueI18n from '@intlify/eslint-plugin-vue-i18n'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'

const SAME_EVERYWHERE = ['Polyvisor', 'vCPU', 'GiB', '*', '+', '…']

export default ts.config(
  { ignores: ['node_modules', 'tsconfig.json', 'package*.json', 'openapi.json', 'src/api/schema.d.ts', 'src/env.d.ts', 'bench/dist', '*.config.js', '*.config.ts', 'bench/*.config.ts'] },
  ...ts.configs.strictTypeChecked,
  ...vue.configs['flat/recommended'],
  ...accessibility.configs['flat/recommended'],
  ...vueI18n.configs.recommended,
  {
    languageOptions: {
      parserOptions: { parser: ts.parser, projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname },
    },
    settings: { 'vue-i18n': { localeDir: './src/i18n/*.json', messageSyntaxVersion: '^11.0.0' } },
    rules: {
      'no-undef': 'off', // TypeScript knows better
      '@typescript-eslint/unbound-method': 'off', // what vue-i18n gives are functions, typed as methods
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@intlify/vue-i18n/no-raw-text': [
        'error',
        { ignoreText: SAME_EVERYWHERE, attributes: { '/.+/': ['title', 'aria-label', 'placeholder', 'label', 'alt', 'help', 'text'] } },
      ],
      '@intlify/vue-i18n/no-missing-keys': 'error',
      // Layout is the formatter's and the reader's.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/require-default-prop': 'off', // TypeScript says which may be missing
      'vue/component-name-in-template-casing': ['error', 'kebab-case', { registeredComponentsOnly: false }],
      // Components of Naive UI have labels of their own.
      'vuejs-accessibility/label-has-for': 'off',
      'vuejs-accessibility/form-control-has-label': 'off',
      // Who opens a form means to write into its first field.
      'vuejs-accessibility/no-autofocus': 'off',
    },
  },
  // The plug-in for messages reads JSON as an expression.
  { files: ['**/*.json'], extends: [ts.configs.disableTypeChecked], rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
)
