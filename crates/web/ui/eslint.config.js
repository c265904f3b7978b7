import pluginVue from 'eslint-plugin-vue';
import { configs, parser } from 'typescript-eslint';

export default [
  { ignores: ['dist/**', 'node_modules/**', 'shared/src/api/schema.d.ts', 'scripts/**', '*.config.*', '*/vite.config.ts', 'vite.shared.ts', 'vite.offline.ts', 'offline-worker.js'] },
  ...configs.recommendedTypeChecked,
  ...pluginVue.configs['flat/recommended'],
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      parserOptions: {
        parser,
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      // vue-tsc proves the types; the linter cannot see into .vue files and takes theirs for errors.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-console': ['error', { allow: ['error'] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // The content security policy forbids what these would write.
      'vue/no-v-html': 'error',
      'vue/no-static-inline-styles': 'error',
      'vue/no-undef-properties': 'error',
      'vue/no-unused-refs': 'error',
      // Layout of templates is a matter of taste, and line breaks inside inline elements are text.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': 'off',
      'vue/require-default-prop': 'off',
    },
  },
];
