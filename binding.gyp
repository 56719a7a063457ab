# The same addon as CMakeLists.txt builds, from the same list: native/sources.json.
{
  'targets': [
    {
      'target_name': 'lastbyte',
      'sources': [
        '<!@(node -p "const s = require(\'./native/sources.json\'); s.core.concat(s.binding, s[process.platform] || []).join(\' \')")',
      ],
      'include_dirs': ['native'],
      'defines': ['NAPI_VERSION=9'],
      # Node's own common.gypi turns exceptions off and picks an older standard.
      'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
      'cflags!': ['-O3'],
      'cflags': ['-O2', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
      'cflags_cc': ['-std=c++20', '-fexceptions', '-fno-rtti', '-fvisibility-inlines-hidden', '-Wall', '-Wextra'],
      'conditions': [
        ['OS=="linux"', {
          # Two loaded copies or versions must share nothing: no symbol is exported but the entry.
          'ldflags': ['-pthread', '-s', '-Wl,--gc-sections', '-Wl,--version-script=<(module_root_dir)/native/exports.map'],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
            'CLANG_CXX_LIBRARY': 'libc++',
            'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
            'GCC_ENABLE_CPP_RTTI': 'NO',
            'GCC_OPTIMIZATION_LEVEL': '2',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'GCC_INLINES_ARE_PRIVATE_EXTERN': 'YES',
            'MACOSX_DEPLOYMENT_TARGET': '11.0',
            'DEAD_CODE_STRIPPING': 'YES',
          },
        }],
      ],
    },
  ],
}
